"""What a model asks of its parameters, held against the finished rows: it changes the model, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxkit.errors import ModelError, nearest
from cxkit.sem.language.contradictions import written
from cxkit.sem.language.rows import Options, Row
from cxkit.sem.language.statements import Statement

Rows = Mapping[tuple[str, str, str], Row]


def check_rows(statements: Sequence[Statement], rows: Rows, options: Options, observed: Sequence[str]) -> None:
    """Refuse starting values of constants, and thresholds and scales of items that have none."""
    for statement in statements:
        where = f"Model, line {statement.line}: '{written(statement)}'"
        if statement.modifiers.start:
            _check_start(statement, _row_of(statement, rows), where)
        if statement.op in ("|", "~*~"):
            _check_ordered(statement, options, observed, where)
        if statement.op == "~~" and statement.lhs == statement.rhs and statement.lhs in options.ordered:
            _check_residual(statement, options, where)


def _row_of(statement: Statement, rows: Rows) -> Row:
    key = (statement.lhs, statement.op, statement.rhs)
    return rows[key] if key in rows else rows[(statement.rhs, statement.op, statement.lhs)]


def _check_start(statement: Statement, row: Row, where: str) -> None:
    if row.fixed is None or row.start is None:
        return
    remedy = f"Leave start() out, or free the parameter: NA*{statement.rhs or '1'} + start({row.start:g})*"
    raise ModelError(f"{where} is fixed at {row.fixed:g}, so a starting value changes nothing. {remedy}"
                     f"{statement.rhs or '1'}.")  # fmt: skip


def _check_ordered(statement: Statement, options: Options, observed: Sequence[str], where: str) -> None:
    name = statement.lhs
    if name not in observed:
        raise ModelError(f"{where}: '{name}' is latent; only observed ordered items have thresholds and scales.")
    if name not in options.ordered:
        raise ModelError(f"{where}: only ordered items have a scale. Name '{name}' in ordered=, or remove the line.")
    if statement.op == "|":
        count = options.thresholds.get(name, 1)
        if int(statement.rhs[1:]) > count:
            raise ModelError(
                f"{where}: '{name}' has {count + 1} categories in these data, hence the thresholds t1 to t{count}."
                if count > 1
                else f"{where}: '{name}' has 2 categories in these data, hence one threshold, t1."
            )
    elif options.parameterization == "theta":
        raise ModelError(
            f"{where}: under parameterization='theta' the scale follows from the residual variance. Write "
            f"'{name} ~~ {name}', or use parameterization='delta'."
        )


def _check_residual(statement: Statement, options: Options, where: str) -> None:
    if options.parameterization == "delta":
        raise ModelError(
            f"{where}: under parameterization='delta' the residual variance of an ordered item follows from its scale. "
            f"Write '{statement.lhs} ~*~ {statement.lhs}', or use parameterization='theta'."
        )


def share_values(statements: Sequence[Statement], rows: Rows, groups: int) -> None:
    """Give both sides of equal("f=~x2")*x3 one label, the name of the first, as lavaan does."""
    names = {f"{row.lhs}{row.op}{row.rhs}": row for row in rows.values()}
    labelled = {row.label: row for row in rows.values() if row.label}
    for statement in statements:
        wanted = statement.modifiers.equal.replace(" ", "")
        if not wanted:
            continue
        row = _row_of(statement, rows)
        twin = names.get(wanted, labelled.get(wanted))
        where = f'Model, line {statement.line}: equal("{statement.modifiers.equal}")'
        if groups > 1:
            # lavaan then holds the first parameter equal in one group only, which is hardly what anybody means.
            raise ModelError(f"{where} is not covered with several groups. Label both parameters, such as c(a, b)*.")
        if twin is None:
            raise ModelError(f"{where} names no parameter of the model.{nearest(wanted, [*names, *labelled])}")
        if twin is row or row.fixed is not None:
            found = "names the parameter itself" if twin is row else f"stands before a parameter fixed at {row.fixed:g}"
            raise ModelError(f"{where} {found}, so it changes nothing. Remove it, or name another parameter.")
        twin.label = twin.label or wanted
        row.label = twin.label


def one_value_per_label(rows: Sequence[Row]) -> dict[str, float]:
    """The value of every label that is fixed anywhere; two different values are refused."""
    values: dict[str, float] = {}
    for row in rows:
        if not row.label or row.fixed is None:
            continue
        if values.setdefault(row.label, row.fixed) != row.fixed:
            raise ModelError(
                f"The label '{row.label}' stands for parameters fixed at {values[row.label]:g} and at {row.fixed:g}. "
                "One label is one parameter: use two labels, or fix both at the same value."
            )
    return values
