"""Which relief to offer: packages of measures, what each gives, costs and leaks."""
