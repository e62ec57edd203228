//! Where the keys at hand are kept and renewed: from a file when it changes, from an address from
//! time to time and at an unknown key. Verifying a token only ever reads memory; what blocks runs
//! apart, once at a time, and a failure leaves the last good set in place.

use super::{
    fetch::Fetcher,
    jwks,
    keys::{KeySet, VerificationKey},
};
use crate::config::TokenConfig;
use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// How often a file is looked at, at most.
const FILE_INTERVAL: Duration = Duration::from_secs(1);
/// How long nobody else looks while somebody does: longer than a fetch takes.
const CLAIM: Duration = Duration::from_secs(10);
/// How soon a fetch is tried again while no set was ever had, at the latest.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// The keys at hand, and where new ones come from.
pub(super) struct KeyRing {
    config: TokenConfig,
    origin: Origin,
    /// A blocking lock on purpose: it is held for a pointer's copy, never across a wait.
    keys: RwLock<Arc<KeySet>>,
    /// The generation of these keys, for whoever needs no key.
    generation: AtomicU64,
    started: Instant,
    /// When to look for new keys again, in milliseconds since the start.
    next_look: AtomicU64,
    /// Held while keys are being renewed.
    renewal: Arc<tokio::sync::Mutex<Renewal>>,
}

/// What is remembered from one renewal to the next.
#[derive(Default)]
struct Renewal {
    /// When an unknown key was last the reason.
    for_unknown_key: Option<Instant>,
    /// The file as it was read last.
    stamp: Option<Stamp>,
    /// What went wrong the last time, so that it is logged once.
    problem: Option<String>,
}

enum Origin {
    Fixed,
    File(PathBuf),
    Url { fetcher: Fetcher, refresh_interval: Duration, max_age: Duration },
}

/// What tells that a file has changed.
#[derive(PartialEq, Clone, Copy)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

impl KeyRing {
    /// Keys that never change.
    pub(super) fn fixed(keys: Vec<VerificationKey>, config: &TokenConfig) -> Self {
        let ring = Self::new(Origin::Fixed, config);
        ring.replace(keys);
        ring
    }

    /// The key set of a file, which must be there and usable.
    pub(super) fn file(path: PathBuf, config: &TokenConfig) -> Result<Self, String> {
        let ring = Self::new(Origin::File(path), config);
        let mut renewal = Renewal::default();
        ring.load(&mut renewal)?;
        Ok(Self { renewal: Arc::new(renewal.into()), ..ring })
    }

    /// The key set of an address. It need not answer yet: without keys no token is believed. Blocks
    /// for as long as a fetch takes.
    pub(super) fn url(url: &str, refresh_interval: Duration, max_age: Duration, config: &TokenConfig) -> Self {
        let fetcher = Fetcher::new(url);
        let ring = Self::new(Origin::Url { fetcher, refresh_interval, max_age }, config);
        let mut renewal = Renewal::default();
        ring.renew(&mut renewal);
        Self { renewal: Arc::new(renewal.into()), ..ring }
    }

    fn new(origin: Origin, config: &TokenConfig) -> Self {
        Self {
            config: config.clone(),
            origin,
            keys: RwLock::default(),
            generation: AtomicU64::new(0),
            started: Instant::now(),
            next_look: AtomicU64::new(0),
            renewal: Arc::default(),
        }
    }

    /// The keys at hand.
    pub(super) fn current(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which keys are at hand: they are others when this is another number.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Looks for new keys if it is time to. One caller does, the others go on with the keys at hand.
    pub(super) async fn keep_up(self: &Arc<Self>) {
        if self.is_time_to_look() {
            let held = self.renewal.clone().lock_owned().await;
            self.renew_apart(held).await;
        }
    }

    /// Renews the keys because those of generation `seen` did not hold the one that a token names.
    /// Says whether there are others now. However many tokens ask, there is one fetch an interval.
    pub(super) async fn renew_for_unknown_key(self: &Arc<Self>, seen: u64) -> bool {
        let Origin::Url { refresh_interval, .. } = self.origin else { return false };
        let mut held = self.renewal.clone().lock_owned().await;
        if self.current().generation != seen {
            return true;
        }
        let interval = if seen == 0 { refresh_interval.min(FIRST_RETRY) } else { refresh_interval };
        if held.for_unknown_key.is_some_and(|last| last.elapsed() < interval) {
            return false;
        }
        held.for_unknown_key = Some(Instant::now());
        self.renew_apart(held).await;
        self.current().generation != seen
    }

    /// Renews on a thread that may block. The lock goes along, so that a caller who gives up waiting
    /// does not let the next one start a second fetch.
    async fn renew_apart(self: &Arc<Self>, mut held: tokio::sync::OwnedMutexGuard<Renewal>) {
        let ring = self.clone();
        let renewed = actix_web::web::block(move || ring.renew(&mut held));
        if renewed.await.is_err() {
            log::error!("renewing the keys was broken off");
        }
    }

    /// Loads the keys; a failure is logged and leaves those at hand.
    fn renew(&self, renewal: &mut Renewal) {
        let problem = self.load(renewal).err();
        self.look_again_in(match &self.origin {
            Origin::Fixed => return,
            Origin::File(_) => FILE_INTERVAL,
            Origin::Url { max_age, .. } if problem.is_none() => *max_age,
            Origin::Url { refresh_interval, .. } if self.current().generation == 0 => {
                FIRST_RETRY.min(*refresh_interval)
            }
            Origin::Url { refresh_interval, .. } => *refresh_interval,
        });
        if problem != renewal.problem {
            self.log(problem.as_deref());
            renewal.problem = problem;
        }
    }

    fn log(&self, problem: Option<&str>) {
        let (origin, had_keys) = (self.origin.name(), self.current().generation > 0);
        match problem {
            Some(problem) if had_keys => log::warn!("{origin}: no new keys, those at hand stay in use: {problem}"),
            Some(problem) => log::warn!("{origin}: no keys yet, so no token is believed: {problem}"),
            None => log::info!("{origin}: the keys could be read again"),
        }
    }

    fn load(&self, renewal: &mut Renewal) -> Result<(), String> {
        let json = match &self.origin {
            Origin::Fixed => return Ok(()),
            Origin::File(path) => match read_if_changed(path, &mut renewal.stamp)? {
                Some(json) => json,
                None => return Ok(()),
            },
            Origin::Url { fetcher, .. } => fetcher.fetch()?,
        };
        self.replace(jwks::parse(&json, &self.config)?);
        Ok(())
    }

    fn replace(&self, keys: Vec<VerificationKey>) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(KeySet { keys, generation: current.generation + 1 });
        self.generation.store(current.generation, Ordering::Release);
    }

    /// Whether it is time to look for new keys; true for one caller only.
    fn is_time_to_look(&self) -> bool {
        if matches!(self.origin, Origin::Fixed) {
            return false;
        }
        let (now, next) = (self.now(), self.next_look.load(Ordering::Relaxed));
        let claimed = now + CLAIM.as_millis() as u64;
        now >= next && self.next_look.compare_exchange(next, claimed, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn look_again_in(&self, time: Duration) {
        self.next_look.store(self.now() + time.as_millis() as u64, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

impl Origin {
    fn name(&self) -> String {
        match self {
            Origin::Fixed => "the configured key".to_owned(),
            Origin::File(path) => path.display().to_string(),
            Origin::Url { fetcher, .. } => fetcher.url().to_owned(),
        }
    }
}

/// The file's content if it is not the one that was read last, good or bad.
fn read_if_changed(path: &Path, last: &mut Option<Stamp>) -> Result<Option<Vec<u8>>, String> {
    let failed = |error: io::Error| format!("it cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(failed)?;
    let now = Stamp { modified: metadata.modified().map_err(failed)?, length: metadata.len() };
    if *last == Some(now) {
        return Ok(None);
    }
    let mut json = Vec::new();
    fs::File::open(path).and_then(|file| file.take(jwks::MAX_BYTES + 1).read_to_end(&mut json)).map_err(failed)?;
    *last = Some(now);
    if json.len() as u64 > jwks::MAX_BYTES { Err("it is too large".to_owned()) } else { Ok(Some(json)) }
}
