"""What the pages ask for: every form checks types and lengths, the services behind it check the rest."""
