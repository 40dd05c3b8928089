"""Every page through the front door: what each person sees, what is refused, what is written down."""
