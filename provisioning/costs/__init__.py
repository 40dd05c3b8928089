"""What an environment will cost: the price book, and estimates made from resolved templates.

Everything here is pure: no database, no AWS, no clock. Resources and observations come in, amounts go out.
"""
