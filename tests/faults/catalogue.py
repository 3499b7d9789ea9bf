"""All faults by name, in the order of the table."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import clock, disk, kills, orders, power, workers
from tests.faults.run import Fault

BOTH = ("sqlite", "postgresql")
SQLITE = ("sqlite",)


@dataclass(frozen=True)
class Entry:
    """One fault. :ivar needs: parts of the machine, as in ``kernel.testing_parts``."""

    fault: Fault
    title: str
    title_en: str
    databases: tuple[str, ...] = BOTH
    needs: tuple[str, ...] = ()


CATALOGUE = {
    "kill-random": Entry(
        kills.kill_at_random, "随机时刻 kill -9", "kill -9 at a random moment, 4 threads"
    ),
    "kill-step": Entry(
        kills.kill_at_steps,
        "每一步 kill -9",
        "kill -9 before each statement, fsync and rename, after each commit",
    ),
    "kill-write": Entry(
        kills.kill_at_writes,
        "节点每次写盘时 kill -9",
        "kill -9 of the node at each write, sync, rename",
        BOTH,
        ("strace",),
    ),
    "kill-signer": Entry(
        kills.kill_signer_at_writes,
        "签章程序每次写盘时 kill -9",
        "kill -9 of the signer at each write of its journal",
        BOTH,
        ("strace",),
    ),
    "power-cut": Entry(
        power.power_cuts,
        "断电",
        "power cut: writes that were not synced dropped, kept, torn in sectors",
        SQLITE,
        ("strace",),
    ),
    "disk-full": Entry(
        disk.disk_full, "磁盘满", "ENOSPC at a write, for 1 to 61 writes", SQLITE, ("strace",)
    ),
    "disk-error": Entry(
        disk.disk_broken, "磁盘读写错误", "EIO at a write or a sync", SQLITE, ("strace",)
    ),
    "clock": Entry(clock.clock_jumps, "时钟跳变", "the clock jumps by up to a day, to and fro"),
    "workers": Entry(
        workers.two_workers,
        "两个后台进程，租约过期",
        "two workers: one stands still at each step, its lease runs out, it comes back",
    ),
    "orders": Entry(
        orders.orders,
        "两人同时办理",
        "two people at once: every order of their statements; drawn ones on PostgreSQL",
    ),
}
