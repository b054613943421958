"""Jobs side by side: workers, memory, progress, and what is finished kept through kills."""
