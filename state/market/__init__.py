"""Hours, prices, and the bands in which a price changes nothing."""
