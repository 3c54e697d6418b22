//! The daemon: threads and channels that turn hardware into events and effects into hardware.
