//! The device: the state machine that decides what happens when.
