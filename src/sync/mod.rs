//! How other systems' data comes in: what a file says, turned into upserts of the directory's types.
//!
//! This module reads, checks and counts. It holds no rule of access and no SQL: what an upsert
//! amounts to is for whoever stands behind [`crm::Sink`]. A reader here never writes half of a
//! thing that it did not understand; what it refuses, it names.

pub mod crm;
pub mod export;
pub mod jobs;
pub mod otobo;
pub mod rows;
