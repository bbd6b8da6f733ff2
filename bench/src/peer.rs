//! Attach and detach beside fakecloud, an emulator of EC2 that is built apart: the same load in
//! turn, with its AttachVolume and DetachVolume.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::against::Compared;
use crate::attach::{self, Moving};
use crate::bench::Bench;
use crate::load::{self, SharedOut, Work};
use crate::process::{self, Process};

/// Rounds of each series, in which both are asked once.
const ROUNDS: usize = 5;
/// Connections of each series.
const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Volumes that go to and fro: a call ends at once there, so that each can be asked about again.
const VOLUMES: usize = 64;
/// The scope of a signature, by which the emulator finds the service. It checks no signature.
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, \
                     SignedHeaders=host, Signature=00";

/// Accepted calls a second with `--ephemeral` beside the other emulator.
pub(crate) fn accepted(bench: &mut Bench) -> io::Result<()> {
    let Some(program) = bench.peer.clone() else {
        return Err(io::Error::other("name the other emulator: --peer PATH"));
    };
    let (server, pairs) = attach::ephemeral_fleet(bench)?;
    let mut moving = Moving::new(&server, pairs);
    let other = start(&program)?;
    let mut volumes = Volumes::make(&other)?;
    let turn = bench.scale.time / 2;
    for connections in CONNECTIONS {
        moving.share_out(connections);
        volumes.share_out(connections);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let mine = rate(&server, connections, turn, &mut moving)?;
            attach::wait_until_idle(&server)?;
            let other = rate(&other, connections, turn, &mut volumes)?;
            // The first round warms up.
            if round > 0 {
                ours.push(mine);
                theirs.push(other);
            }
        }
        let what = format!("attach+detach beside fakecloud, {connections} conns");
        bench.rows.push(Compared::new(what, ours, theirs).row());
    }
    Ok(())
}

/// Good answers in a second. It fails if there are others.
fn rate(
    server: &Process,
    connections: usize,
    time: Duration,
    work: &mut impl Work,
) -> io::Result<f64> {
    let outcome = load::run(server.address, connections, time, work)?;
    if outcome.refused > outcome.answers / 100 {
        return Err(io::Error::other(format!("{} calls were refused", outcome.refused)));
    }
    Ok(outcome.rate())
}

fn start(program: &Path) -> io::Result<Process> {
    let address = process::free_address()?;
    let mut command = Command::new(program);
    command.args(["--addr", &address.to_string(), "--log-level", "warn"]);
    let mut process = Process::start(command, address)?;
    process.first_answer(|| request(&address.to_string(), "Action=DescribeVolumes"))?;
    Ok(process)
}

fn request(host: &str, call: &str) -> Vec<u8> {
    let body = format!("{call}&Version=2016-11-15");
    format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {SCOPE}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The volumes, each with its two calls: attach and detach.
struct Volumes {
    calls: Vec<[Vec<u8>; 2]>,
    /// The next call for each of them.
    next: Vec<usize>,
    turns: SharedOut,
}

impl Volumes {
    fn make(server: &Process) -> io::Result<Volumes> {
        let host = server.address.to_string();
        let make = |number: usize| {
            let call = "Action=CreateVolume&Size=20&AvailabilityZone=us-east-1a";
            let (status, answer) = process::exchange(server.address, &request(&host, call))?;
            let answer = String::from_utf8_lossy(process::body(&answer)).into_owned();
            let id = answer.split("<volumeId>").nth(1).and_then(|rest| rest.split('<').next());
            let Some(id) = id.filter(|_| status == 200) else {
                return Err(io::Error::other(format!("no volume is made: {answer}")));
            };
            let of = format!("VolumeId={id}&InstanceId=i-{number:017x}&Device=/dev/sdf");
            Ok(["AttachVolume", "DetachVolume"]
                .map(|action| request(&host, &format!("Action={action}&{of}"))))
        };
        let calls = (0..VOLUMES).map(make).collect::<io::Result<Vec<_>>>()?;
        Ok(Volumes { calls, next: vec![0; VOLUMES], turns: SharedOut::new(VOLUMES, 1) })
    }

    fn share_out(&mut self, connections: usize) {
        self.turns = SharedOut::new(VOLUMES, connections);
    }
}

impl Work for Volumes {
    fn ask(&mut self, connection: usize, _: Instant, out: &mut Vec<u8>) -> bool {
        let volume = self.turns.next(connection);
        out.extend_from_slice(&self.calls[volume][self.next[volume]]);
        self.next[volume] = 1 - self.next[volume];
        true
    }

    fn on_reply(&mut self, _: usize, _: u16, _: &[u8]) {}
}
