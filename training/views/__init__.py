"""The pages about error rates, inside the admin site: thin views over the services."""
