"""What a stranger's notebook may touch: limits, namespaces, the filter on system calls, the warden."""
