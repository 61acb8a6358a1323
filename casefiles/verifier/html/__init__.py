"""The verifier as one offline HTML file, for whoever has nothing but a browser."""
