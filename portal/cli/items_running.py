"""Running what was listed or checked, and putting back: `stackyard items delete-many`, `stackyard jobs run|put-back`.

What it would do is shown first. In prod each answers the change that it asks for.
"""

import sys
from collections.abc import Sequence

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import Waiting, finish
from portal.cli.items_asking import Json, Question, find_table, question_options, table_argument
from portal.cli.items_jobs import JOB, end, job_shown, jobs, read_job, require_done, wait_for
from portal.cli.items_moving import begin, patiently
from portal.cli.items_plain import exact
from portal.cli.items_prices import price_option, tell_price, write_price
from portal.cli.items_showing import text_of
from portal.cli.items_writing import How, writing_options
from portal.cli.shown import Facts, Lines, Shown
from portal.cli.where import Where, environment_argument

_MOST = 500  # keys of a list
_confirm = click.option("--confirm", metavar="COUNT", help="Means it: how many, or the environment's name.")


@click.command("delete-many", cls=Command)
@environment_argument
@table_argument
@question_options
@click.option("--keys", default="", metavar="FILE", help="These items: a key in typed JSON a line; - is input.")
@click.option("--dry-run", is_flag=True, help="Only freeze the list and show it; stackyard jobs run deletes it.")
@click.option("--rate", type=click.IntRange(min=1), help="Units a second at most.")
@price_option
@_confirm
@writing_options
@pass_session
def delete_many(
    session: Session,
    *,
    where: Where,
    table: str,
    asked: Question,
    keys: str,
    dry_run: bool,
    rate: int | None,
    price: bool,
    confirm: str | None,
    how: How,
) -> None:
    """Delete all that a query or scan finds, or the items of a file of keys.

    First their list is frozen and shown. Then exactly those are deleted that still are as they were. For a week
    stackyard jobs put-back puts them back.

    \b
    stackyard items delete-many hello-erlang/dev messages --index user-timestamp-index --pk alice --dry-run
    stackyard items delete-many hello-erlang/dev messages --where 'timestamp < 1000' --confirm 17
    """
    if keys and (asked.body or price):
        raise click.UsageError("Name the items by --keys or by a question, not both; --price is of a question.")
    found = find_table(session, where, table)
    if price:
        tell_price(session, found, asked, rate)
        return
    wanted = _keys(keys) if keys else ()
    frozen = begin(session, found, "deletions", asked, rate, key=how.key, keys=list(wanted) or None)
    frozen = wait_for(session, frozen, patiently(how.waiting))
    require_done(frozen)
    if not frozen["found"].get("items"):
        session.note("No item was found, so there is nothing to delete.")
        session.show(frozen, lambda: job_shown(frozen))
        return
    if dry_run:
        plan = _plan(session, frozen, rate=rate)
        session.show({**frozen, "plan": plan}, lambda: _shown(plan))
        session.note(f"Delete them: stackyard jobs run {frozen['id']} --confirm {plan['items']}")
        return
    _run(session, frozen, {"rate": rate}, confirm, how)


@jobs.command("run")
@click.argument("job")
@click.option("--over", is_flag=True, help="Of an import: also write over items that are there and differ.")
@click.option("--rate", type=click.IntRange(min=1), help="Write units a second at most.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@_confirm
@writing_options
@pass_session
def run(
    session: Session, *, job: str, over: bool, rate: int | None, dry_run: bool, confirm: str | None, how: How
) -> None:
    """Run the dry run of an import, or delete a list that was frozen."""
    found = read_job(session, job)
    if dry_run:
        plan = _plan(session, found, over=over, rate=rate, replaces=how.instead)
        session.show(plan, lambda: _shown(plan))
        return
    _run(session, found, {"rate": rate, "mode": "over" if over else None}, confirm, how)


@jobs.command("put-back")
@click.argument("job")
@click.option("--unsure", is_flag=True, help="Also the items of which nobody knows whether the job was at them.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@writing_options
@pass_session
def put_back(session: Session, *, job: str, unsure: bool, dry_run: bool, how: How) -> None:
    """Take back what an import, a copy or a deletion did, where items still are as it left them."""
    if dry_run:
        plan = session.client.get(f"{JOB}/put_back", query={"unsure": unsure, "replaces": how.instead}, job=job)
        session.show(plan, lambda: _shown(plan))
        return
    body = {"unsure": unsure, **how.said}
    end_run(session, session.client.send("POST", f"{JOB}/put_back", body, key=how.key, job=job).data, how.waiting)


def end_run(session: Session, found: Json, waiting: Waiting) -> None:
    """Answer with the job, or with the change that was asked for; with --wait at their end."""
    if "plan" in found:
        finish(session, found, waiting)
    elif waiting.wait:
        end(session, wait_for(session, found, waiting))
    else:
        session.show(found, lambda: job_shown(found))
        session.note(f"Follow it: stackyard jobs watch {found['id']}")


def _run(session: Session, job: Json, said: Json, confirm: str | None, how: How) -> None:
    """Run it, once whoever asks for it has seen what a deletion is of. Raises Failure."""
    body = {name: value for name, value in said.items() if value is not None} | how.said
    if job["kind"] == "delete":
        body["confirm"] = _confirmed(session, job, confirm, how)
    elif confirm:
        raise click.UsageError("Only a deletion is confirmed.")
    key = f"{how.key}-run" if how.key else ""
    end_run(session, session.client.send("POST", f"{JOB}/run", body, key=key, job=job["id"]).data, how.waiting)


def _confirmed(session: Session, job: Json, confirm: str | None, how: How) -> str:
    """How many they are, or where, as somebody gave it to say that they mean it. Raises Failure."""
    plan = _plan(session, job, replaces=how.instead)
    session.draw_aside(_shown(plan))
    if plan["why_not"]:
        raise Failure(Exit.CONFLICT, plan["why_not"])
    if confirm is not None:
        return confirm
    name, count = plan["confirm"]
    later = f"stackyard jobs run {job['id']} --confirm {count}"
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "Nothing was deleted: nobody can be asked here.", more=(f"Delete them: {later}",))
    given = session.ask(f"Type {count} or {name} to delete them:")
    if given not in {name, count}:
        raise Failure(Exit.USAGE, "Nothing was deleted.", more=(f"The list is kept: {later}",))
    return given


def _plan(session: Session, job: Json, **query: object) -> Json:
    plan: Json = session.client.get(f"{JOB}/run", query=query, job=job["id"])
    return plan


def _shown(plan: Json) -> Shown:
    """What it would do, some keys of a list, and what it takes."""
    keys = [" / ".join(str(text_of(value)) for value in key.values()) for key in plan["keys"] or ()]
    more = plan["items"] - len(keys)
    told = [f"  {key}" for key in keys] + ([f"  and {more:,} more"] if keys and more > 0 else [])
    asks = "somebody else approves it first" if plan["asks"] else ""
    unsure = f"of {plan['unsure']:,} nobody knows whether it was this job: --unsure" if plan["unsure"] else ""
    facts = [*write_price(plan), ("Unsure", unsure), ("In prod", asks), ("Refused", plan["why_not"])]
    return [Lines([*plan["does"], *told]), Facts(facts)]


def _keys(path: str) -> Sequence[Json]:
    """The keys of a file, a line each. Raises Failure."""
    try:
        with click.open_file(path, encoding="utf-8") as file:
            found = [exact(line) for line in file if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error}.") from error
    except ValueError as error:
        raise Failure(Exit.USAGE, f"{path} has a line that is no JSON: {error}.") from error
    if not found or len(found) > _MOST:
        raise Failure(Exit.USAGE, f"{path} has {len(found):,} keys; a list has 1 to {_MOST}.")
    return found
