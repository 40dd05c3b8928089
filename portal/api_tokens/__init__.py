"""The account page of API tokens: a list, a form that makes one, a button that ends one."""
