"""The settings of the embedded server: modest shares of the machine, no port, and no personal data in its log."""

import os
import shutil
import sys
from pathlib import Path

FILE_NAME = "facet.conf"
MEGABYTE = 1 << 20


def write(data: Path, socket_folder: Path, *, durable: bool) -> None:
    """Write the file that postgresql.conf includes; the server reads it when it starts."""
    lines = ["# Written by Facet at each start; changes belong into postgresql.conf, below its include line."]
    lines += [f"{name} = {_quoted(value)}" for name, value in _settings(socket_folder, durable=durable).items()]
    (data / FILE_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _settings(socket_folder: Path, *, durable: bool) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    cores = os.cpu_count() or 1
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket_folder}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 16, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 3, 256)}MB",
        "work_mem": "16MB",
        # For vacuum and small indexes. Who builds the index of a gallery asks for what its rows need.
        "maintenance_work_mem": f"{min(max(memory // 64, 64), 256)}MB",
        # Beside the process that leads a build: half the cores stay free for searches.
        "max_parallel_maintenance_workers": f"{min(cores // 2, 8)}",
        "max_worker_processes": f"{max(cores, 8)}",
        # Loading or indexing a million faces writes more than a gigabyte, which should not take several checkpoints.
        "max_wal_size": "4GB",
        "random_page_cost": "1.1",
        "jit": "off",
        # Values of rows are personal data: neither statements nor details of errors reach the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
    if not _has_shared_memory():
        settings["dynamic_shared_memory_type"] = "mmap"
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"shared_buffers": "128MB", "maintenance_work_mem": "64MB"}
    return settings


def _has_shared_memory() -> bool:
    """Containers often have 64 MB of /dev/shm, too little for a parallel index build."""
    folder = Path("/dev/shm")  # noqa: S108 - looked at, not written to
    if not folder.is_dir():
        return sys.platform == "darwin"
    return shutil.disk_usage(folder).total >= 1024 * MEGABYTE
