"""Tables as DynamoDB last showed them, whether a stack owns them or not."""

from django.db import models

_LISTED = ("name", "id", "environment", "stack_name")
_FILTERED = ("application", "environment_name", "firing", "protected", "recovery_from")


class Table(models.Model):
    """One table that is, or was, an environment's. It outlives its stack, and so does this row.

    `stack_name` is the stack that owns it now, empty for a kept table that no stack owns. Counts are DynamoDB's own
    and up to six hours old (T16).
    """

    account = models.ForeignKey("Account", models.PROTECT, related_name="tables")
    name = models.CharField(max_length=255)
    arn = models.CharField(max_length=300)
    application = models.SlugField(max_length=60)
    environment_name = models.CharField(max_length=40)
    environment = models.ForeignKey("Environment", models.SET_NULL, null=True, related_name="tables")
    stack_name = models.CharField(max_length=128, blank=True, db_index=True)
    item_count = models.BigIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    protected = models.BooleanField(default=False)
    recovery_from = models.DateTimeField(null=True, help_text="Start of the point-in-time window; null when off.")
    last_write_at = models.DateTimeField(null=True, help_text="Null when not known.")
    monthly_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    logical_id = models.CharField(max_length=255, blank=True, help_text="In the data template that it is made by.")
    ttl_attribute = models.CharField(max_length=255, blank=True, help_text="What items expire by; empty while off.")
    backups = models.PositiveIntegerField(null=True, help_text="On-demand backups; null when not known.")
    backup_at = models.DateTimeField(null=True, help_text="When the newest of them was made.")
    alarms = models.JSONField(null=True, help_text="Alarms on it: {name, state, metric} each; null when not known.")
    firing = models.PositiveIntegerField(default=0, help_text="How many of its alarms are in alarm.")
    described = models.JSONField(default=dict, help_text="Keys, indexes, billing, stream, as the gateway reads them.")
    made_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_row_per_table")]
        # All that counting, filtering and ordering a list of 10,000 reads: the rows themselves are wide.
        indexes = [
            models.Index(
                fields=["name", "id", "environment", "stack_name", "item_count", "size_bytes", *_FILTERED],
                name="tables_by_name",
            ),
            models.Index(fields=["item_count", *_LISTED], name="tables_by_items"),
            models.Index(fields=["size_bytes", *_LISTED], name="tables_by_size"),
            models.Index(fields=["monthly_cost", *_LISTED], name="tables_by_cost"),
            models.Index(fields=["last_write_at", *_LISTED], name="tables_by_write"),
        ]

    def __str__(self) -> str:
        return self.name


class FoundStack(models.Model):
    """A stack that somebody made outside Stackyard under a name that a blueprint would give: it can be adopted."""

    account = models.ForeignKey("Account", models.PROTECT, related_name="found_stacks")
    name = models.CharField(max_length=128)
    stack_id = models.CharField(max_length=300)
    kind = models.CharField(max_length=8)
    application = models.SlugField(max_length=60)
    environment_name = models.CharField(max_length=40)
    status = models.CharField(max_length=60)
    tags = models.JSONField(default=dict)
    made_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_row_per_found_stack")]

    def __str__(self) -> str:
        return self.name
