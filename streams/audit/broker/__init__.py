"""Journal and outputs as they stand on a broker, read at one moment or copied in rounds."""
