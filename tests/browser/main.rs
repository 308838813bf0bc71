//! A real Chromium at the pages: signs in, consents, refuses, signs out; in both languages, with
//! and without JavaScript.

mod application;
mod chromium;
mod journeys;
mod languages;
mod pictures;
#[path = "../support/started.rs"]
mod started;
mod visit;
