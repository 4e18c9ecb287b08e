"""The side-car's table: a space as a flat pre-order table of plain records with references."""
