"""What all reports are made of: charts, figures in words, one page without requests, whole files."""
