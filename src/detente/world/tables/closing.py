"""From a table to a world's accounts: the rules by which they close, each with what it concerned.

1. Sales to producers below zero are counted with the final use of the same goods.
2. A sector's inputs, with the duties on them, are at most its output: beyond it (subsidised
   producers, sectors without output) they are final use of the country that buys them.
3. Final use below zero, which inventories are when they are drawn down, is zero, and its origin
   makes as much more of the goods, with the inputs that they take: Costinot and Rodríguez-Clare
   (2014), Handbook of International Economics 4, online appendix on data. Here only what is
   below zero after inventories are netted against other final use of the same origin,
   destination and sector, which moves output as little as can be.
4. Net taxes on products that producers pay are value added, less the duties among them where
   tariffs are given; those on final use are outside the accounts, as in the embedded world.
"""

from __future__ import annotations

import numpy as np

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.tables.table import Rule, Table

ROUNDS = 1000
"""Rounds of inputs to inputs at most; some 60 are enough for tables of the world."""

DUST = 1e-15
"""Relative size of a round that is no longer counted."""

TOLD = 1e-3
"""Difference from what a table states, relative to output, from which a sector is counted."""


def closed(table: Table, tariff: Array | None = None) -> tuple[Array, Array]:
    """Trade [i,n,k] net of tariffs, and use of inputs [n,k,j] at the price users pay.

    The table is changed in place: it is large. Its rules say what was done.

    Parameters
    ----------
    table
        As it was read.
    tariff
        Ad-valorem rates, [i,n,k].
    """
    _compare_output(table)
    _no_negative_inputs(table)
    paid = _paid(table, tariff)
    _inputs_within_output(table, paid.sum(1))
    _no_negative_final_use(table)
    use = _paid(table, tariff)
    trade: Array = table.inputs.sum(3).transpose(0, 2, 1) + table.final.transpose(0, 2, 1)
    _compare_added(table, trade.sum(1) - use.sum(1))
    return trade, use


def _paid(table: Table, tariff: Array | None) -> Array:
    """Use of inputs with duties, [n,k,j], an origin at a time: the table is large."""
    N, J = len(table.countries), len(table.sectors)
    use = np.zeros((N, J, J))
    for i, sold in enumerate(table.inputs):
        bought = sold.transpose(1, 0, 2)
        use += bought if tariff is None else bought * (1 + tariff[i])[:, :, None]
    return use


def _output(table: Table) -> Array:
    found: Array = table.inputs.sum((2, 3)) + table.final.sum(2)
    return found


def _no_negative_inputs(table: Table) -> None:
    count, value = 0, 0.0
    for i in range(len(table.countries)):
        below = np.minimum(table.inputs[i], 0)
        table.final[i] += below.sum(2)
        table.inputs[i] -= below
        count, value = count + int((below < 0).sum()), value - float(below.sum())
    if count:
        words = "sales to producers below zero, counted in final use"
        table.rules.append(Rule(words, count, value))


def _inputs_within_output(table: Table, paid: Array) -> None:
    """Count in final use what producers buy beyond their output."""
    output = np.maximum(_output(table), 0)
    over = paid > output
    if not over.any():
        return
    kept = np.divide(output, paid, out=np.ones_like(paid), where=over)
    n, j = np.nonzero(over)
    buyer = np.eye(len(table.countries))[n]
    for i in range(len(table.countries)):
        beyond = table.inputs[i][:, n, j] * (1 - kept[n, j])
        table.inputs[i][:, n, j] -= beyond
        table.final[i] += beyond @ buyer
    words = "sectors whose inputs exceed their output; the rest of the inputs is final use"
    table.rules.append(Rule(words, n.size, float((paid - output)[over].sum())))


def _no_negative_final_use(table: Table) -> None:
    """Make in this year what was taken out of inventories; technology stays what it was."""
    below = np.minimum(table.final, 0)
    if not below.any():
        return
    output = _output(table)
    more = _with_inputs(table.inputs, np.maximum(output, 0), -below.sum(2))
    grown = np.divide(output + more, output, out=np.ones_like(output), where=output > 0)
    table.inputs *= grown
    table.final -= below
    moved = more > TOLD * np.maximum(output, 0)
    words = "final use below zero after netting, made in the year with the inputs it takes"
    table.rules.append(Rule(words, int((below < 0).sum()), -float(below.sum())))
    words = "gross output added by it; counted are sectors by a thousandth or more"
    table.rules.append(Rule(words, int(moved.sum()), float(more.sum())))


def _with_inputs(inputs: Array, output: Array, wanted: Array) -> Array:
    """Output that a final use takes, itself and all inputs of inputs, [i,k]."""
    flat = inputs.reshape(wanted.size, wanted.size)
    made = output.reshape(-1)
    total = step = wanted.reshape(-1)
    for _ in range(ROUNDS):
        step = flat @ np.divide(step, made, out=np.zeros_like(step), where=made > 0)
        total = total + step
        if step.sum() <= DUST * total.sum():
            return total.reshape(wanted.shape)
    raise WorldError("the table's sectors use more of each other than they make")


def _compare_output(table: Table) -> None:
    """Count sectors whose sales are not the output that the table states."""
    off = abs(_output(table) - table.output)
    told = off > TOLD * abs(table.output)
    if told.any():
        words = "sectors whose sales differ from the stated output; sales hold"
        table.rules.append(Rule(words, int(told.sum()), float(off[told].sum())))


def _compare_added(table: Table, residual: Array) -> None:
    """Count sectors whose output less inputs is not the value added that the table states."""
    off = abs(residual - table.added)
    told = off > TOLD * np.maximum(_output(table), 0)
    if told.any():
        words = "sectors where output less inputs differs from stated value added and taxes; "
        table.rules.append(
            Rule(words + "the difference holds", int(told.sum()), float(off[told].sum()))
        )
    idle = _output(table) == 0
    if idle.any():
        table.rules.append(Rule("sectors without output, kept empty", int(idle.sum())))
