//! dermascope: firmware that turns a Raspberry Pi with a camera, one button and a small screen into a
//! handheld dermatoscope that reads skin lesions on its own. Research software, not a diagnosis.
//!
//! Data flows one way: [`camera`] → [`picture::Frame`] → [`reading::Capture`] → [`examiner`] ([`quality`],
//! [`classifier`], [`verdict`]) → [`reading::Reading`] → [`screens`] on a [`panel`], and into [`records`], from where
//! [`http`], [`serial`] and [`usb`] carry it out, and [`pull`] fetches it on a laptop. [`device`] is the state machine
//! that decides what happens when; [`daemon`] turns hardware into its events and its effects into hardware.

pub mod boards;
pub mod buttons;
pub mod camera;
pub mod case;
pub mod classifier;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod daemon;
pub mod device;
pub mod digest;
pub mod doctor;
pub mod evaluation;
pub mod examiner;
pub mod feed;
pub mod gpio;
pub mod health;
pub mod http;
pub mod light;
pub mod logging;
pub mod outcome;
pub mod panel;
mod panics;
mod patience;
pub mod performance;
pub mod picture;
pub mod power;
pub mod pull;
pub mod quality;
pub mod reading;
pub mod records;
pub mod screens;
pub mod serial;
pub mod synthetic;
pub mod usb;
pub mod verdict;

/// Said wherever a person reads a result.
pub const RESEARCH_ONLY: &str = "Research use only. Not a diagnosis.";
