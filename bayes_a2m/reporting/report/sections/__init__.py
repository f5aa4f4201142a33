"""The report's sections, a file each: from a draft to what the page shows."""
