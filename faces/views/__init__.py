"""The pages that an admin works with, inside the admin site: thin views over the services."""
