"""The report as pages for paper and screen: PDF, from the same data as the text."""
