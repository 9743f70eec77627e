"""The workbook and the deck: what the page shows, for those who work in office programs."""
