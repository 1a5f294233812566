"""The bus itself: settings, Kafka clients, registry client, metrics, health. The one package all shells share."""
