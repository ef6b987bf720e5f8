//! The window, driven by keys and by accessible names, on real recordings.
#![cfg(test)]

mod actions;
mod commands;
mod display;
mod docking;
mod end_to_end;
mod files;
mod hostile;
mod live;
mod menus;
mod pictures;
mod software;
mod support;
mod views;
