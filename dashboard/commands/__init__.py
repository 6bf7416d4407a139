"""The commands of ``plumbline``, one file each; loaded only when called."""
