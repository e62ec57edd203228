//! `customer-access health`: asks the service on this machine whether it is ready, for a container's health check in
//! an image without other programs.

use super::CliError;
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The longest that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Succeeds if the service at `LISTEN` answers that it is ready.
pub(super) fn run(config: &Config) -> Result<(), CliError> {
    let url = format!("http://{}{}/readyz", reachable(config.listen), config.base_path);
    let agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).proxy(None).max_redirects(0).build();
    #[expect(clippy::disallowed_methods, reason = "it asks this very service; the address is the configuration's")]
    let reply = agent.new_agent().get(&url).call();
    reply.map(|_| ()).map_err(|why| CliError::NotReady(url, why.to_string()))
}

/// Where a service that listens on every interface is to be found.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
