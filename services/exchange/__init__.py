"""The exchange: reads the flows, decides, writes the casebook, publishes. A thin shell on Faust."""
