"""The editors' form: Decap CMS served on this machine, its configuration from the models, its files checked before they
are committed."""
