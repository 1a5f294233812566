"""The guidance, sentence by sentence: what carries it, what proves it, what is lost without."""
