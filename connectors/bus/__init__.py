"""The bus itself: settings, Kafka and registry clients, metrics. What all shells share."""
