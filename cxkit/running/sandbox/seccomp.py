"""The filter on system calls: what a notebook never needs is refused, sockets beyond its own machine with it.

A classic BPF program, built here instruction by instruction: libseccomp would be one more library to install.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Mapping

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

# Two ways into a kernel that is not ours to trust: everything that mounts, traces, loads, makes namespaces or memory
# that belongs to no process. Numbers: x86_64, aarch64 (None: not there).
_REFUSED = {
    "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "pidfd_getfd": (438, 438), "mknod": (133, None), "mknodat": (259, 33), "quotactl": (179, 60), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "personality": (135, 92), "acct": (163, 89), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None), "vhangup": (153, 58),
    "fanotify_init": (300, 262), "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "mbind": (237, 235), "set_mempolicy": (238, 237), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "landlock_restrict_self": (446, 446),
}  # fmt: skip
# Files that several runs see, of Python's installation for one, are no post: a lock, who is told of a reading, what of
# a file lies in memory, or a count kept for the whole machine would carry bits from one run to another. Libraries work
# without these where there are none.
_NO_SIGNS = {
    "flock": (73, 32), "inotify_init": (253, None), "inotify_init1": (294, 26), "preadv2": (327, 286),
    "pwritev2": (328, 287), "cachestat": (451, 451), "io_setup": (206, 0), "quotactl_fd": (443, 443),
    "futex_waitv": (449, 449), "futex_wake": (454, 454), "futex_wait": (455, 455), "futex_requeue": (456, 456),
}  # fmt: skip
# To advise the system on a file, which puts it out of memory for all. Nobody need know that it was not done.
_ADVICE = {"fadvise64": (221, 223), "readahead": (187, 213)}
# fcntl: what asks for others' locks, leases a file, watches a folder, or writes a hint beside a file is refused
_CONTROL_FILE = (72, 25)
_SEEING_OTHERS = (5, 36, 1024, 1026)  # F_GETLK, F_OFD_GETLK, F_SETLEASE, F_NOTIFY
_HINTS = (1035, 1036, 1037, 1038)  # F_GET_RW_HINT and the like
_PIPE_SIZE = (1031,)  # F_SETPIPE_SZ: the sum of all pipes of a user is bounded
# Locks of parts of a file say that they were had, and have no effect: the device files are of the machine, so that a
# lock on /dev/null is one that all runs see. Databases need them, and within a run have their own files to themselves.
_LOCKING = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
_ANSWERS = {
    **dict.fromkeys((*_SEEING_OTHERS, *_PIPE_SIZE), errno.EPERM),
    **dict.fromkeys(_HINTS, errno.EINVAL),
    **dict.fromkeys(_LOCKING, 0),
}
# clone3 hides its flags behind a pointer, which a filter cannot follow; the C library falls back to clone on ENOSYS.
_ABSENT = {"clone3": (435, 435)}
# What a system newer than these lists offers is absent, whatever it does: libraries try it and fall back.
_FIRST_UNKNOWN = 470
_CLONE, _PRCTL, _SOCKET, _SIGNAL_THREAD = (56, 220), (157, 167), (41, 198), (234, 131)
_CONNECTING = {"connect": (42, 203), "bind": (49, 200)}
_SIGNALS = {
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
}  # fmt: skip
# On one's own process (0) alone: without namespaces the grader's processes are there as well.
_ON_ITSELF = {
    "prlimit64": ((302, 261), 0), "sched_setaffinity": ((203, 122), 0), "sched_setscheduler": ((144, 119), 0),
    "sched_setparam": ((142, 118), 0), "sched_setattr": ((314, 274), 0), "setpriority": ((141, 140), 1),
    "ioprio_set": ((251, 30), 1),
}  # fmt: skip
# Landlock does not hold what is done to a file by its name. Copying a file does so as well, and is not to fail: these
# do nothing, and say that they did.
_PRETENDED_TIMES = {"utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88)}
_PRETENDED_RIGHTS = {"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)}
_CHANGING_OWNERS_AND_ATTRIBUTES = {
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "setxattrat": (463, 463), "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}  # fmt: skip
_NEW_NAMESPACES = 0x7E020000 | 0x80  # mount, cgroup, uts, ipc, user, pid, net; time
_SET_DEATH_SIGNAL = 1
# Unix, IPv4 and IPv6 (there is only the loopback), netlink (libzmq lists interfaces and aborts where it may not)
_FAMILIES = (1, 2, 10, 16)
_NETLINK, _LISTS_INTERFACES = 16, 0
# Of protocols the usual one, TCP and UDP: asking for others has the system load them, and through other kinds of
# netlink it tells of processes, audits and devices.
_PROTOCOLS = (0, 6, 17)
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32  # offsets within the data that the filter sees


def notebook_filter(*, pretend_times: bool = False) -> bytes:
    """The program for a kernel that has namespaces of its own.

    Parameters
    ----------
    pretend_times : bool
        Whether setting a file's times does nothing: where the device files are not mounted read-only, all runs see
        theirs.
    """
    program = _for_every_kernel()
    if pretend_times:
        program.refuse_all(_PRETENDED_TIMES, 0)
    program.allow_sockets()
    return program.finished()


def _for_every_kernel() -> _Program:
    program = _Program()
    program.refuse_all(_REFUSED)
    program.refuse_all({**_ABSENT, **_NO_SIGNS}, errno.ENOSYS)
    program.refuse_all(_ADVICE, 0)
    program.refuse_if_bits(_CLONE, _FIRST, _NEW_NAMESPACES)
    program.answer_if_equal(_PRCTL, _FIRST, {_SET_DEATH_SIGNAL: errno.EPERM})  # it must die with its warden
    program.answer_if_equal(_CONTROL_FILE, _SECOND, _ANSWERS)
    return program


def silent_filter(own_process: int) -> bytes:
    """The program for a kernel without namespaces, its sockets once bound: no new ones, nothing done to others."""
    program = _for_every_kernel()
    program.refuse_all({"socket": _SOCKET, **_CONNECTING, **_SIGNALS})
    program.refuse_all({**_PRETENDED_TIMES, **_PRETENDED_RIGHTS}, 0)
    program.refuse_all(_CHANGING_OWNERS_AND_ATTRIBUTES)
    for call, argument in _ON_ITSELF.values():
        program.allow_only(call, (_FIRST, _SECOND)[argument], (0, own_process))
    program.allow_only(_SIGNAL_THREAD, _FIRST, (own_process,))
    return program.finished()


class _Program:
    def __init__(self) -> None:
        machine = platform.machine()
        self.column = list(_ARCHITECTURE).index(machine)
        self.instructions = [
            self._make(_LOAD, _MACHINE),
            self._make(_EQUAL, _ARCHITECTURE[machine], 1, 0),
            self._make(_RETURN, _KILL_PROCESS),  # the same call has another number on the processor's other modes
            self._make(_LOAD, _NUMBER),
        ]
        if machine == "x86_64":
            self.instructions += [self._make(_AT_LEAST, _X32_BIT, 0, 1), self._make(_RETURN, _KILL_PROCESS)]
        unknown = self._make(_RETURN, _ERRNO | errno.ENOSYS)
        self.instructions += [self._make(_AT_LEAST, _FIRST_UNKNOWN, 0, 1), unknown]

    @staticmethod
    def _make(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    def refuse_all(self, calls: Mapping[str, tuple[int, int | None]], error: int = errno.EPERM) -> None:
        for numbers in calls.values():
            number = numbers[self.column]
            if number is not None:
                self.instructions += [self._make(_EQUAL, number, 0, 1), self._make(_RETURN, _ERRNO | error)]

    def refuse_if_bits(self, call: tuple[int, int], argument: int, bits: int) -> None:
        self._on_argument(call, argument, [self._make(_ANY_BIT, bits, 0, 1), self._make(_RETURN, _ERRNO | errno.EPERM)])

    def answer_if_equal(self, call: tuple[int, int], argument: int, answers: Mapping[int, int]) -> None:
        """Answer by the argument's value, without doing anything: with an error, or with 0 as if it were done."""
        judgement: list[bytes] = []
        for value, error in answers.items():
            judgement += [self._make(_EQUAL, value, 0, 1), self._make(_RETURN, _ERRNO | error)]
        self._on_argument(call, argument, judgement)

    def allow_only(self, call: tuple[int, int], argument: int, values: tuple[int, ...]) -> None:
        tests = [self._make(_EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)]
        self._on_argument(call, argument, [*tests, self._make(_RETURN, _ERRNO | errno.EACCES)])

    def allow_sockets(self) -> None:
        """Those of the families and protocols that a notebook needs."""
        refusal = self._make(_RETURN, _ERRNO | errno.EACCES)
        families, protocols = (
            [self._make(_EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)] + [refusal]
            for values in (_FAMILIES, _PROTOCOLS)
        )
        of_netlink = [self._make(_LOAD, _THIRD), self._make(_EQUAL, _LISTS_INTERFACES, 1, 0), refusal]
        allowed = self._make(_RETURN, _ALLOW)
        is_netlink = self._make(_EQUAL, _NETLINK, 0, len(of_netlink) + 1)
        judgement = [*families, is_netlink, *of_netlink, allowed, self._make(_LOAD, _THIRD), *protocols]
        self._on_argument(_SOCKET, _FIRST, judgement)

    def _on_argument(self, call: tuple[int, int], argument: int, judgement: list[bytes]) -> None:
        """Judge this call by the low half of an argument, allow it if the judgement passes; go on for other calls."""
        body = [self._make(_LOAD, argument), *judgement, self._make(_RETURN, _ALLOW)]
        self.instructions += [self._make(_EQUAL, call[self.column], 0, len(body)), *body]

    def finished(self) -> bytes:
        return b"".join([*self.instructions, self._make(_RETURN, _ALLOW)])
