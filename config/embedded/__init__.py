"""Services that Facet runs by itself when no other is named: PostgreSQL, and the processes of one machine."""
