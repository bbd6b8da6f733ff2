//! The common part of all batches of instance actions.

use crate::harness::{REGION, Refused, TestServer};

/// The same action for one instance and for several, and two instances: one that it can be done
/// to, and one that it cannot be done to.
pub(super) struct Batch<'a> {
    pub one: &'a str,
    pub many: &'a str,
    pub fine: &'a str,
    pub bad: &'a str,
}

impl Batch<'_> {
    /// Both are refused like this; the batch whole, or the one instance in its answer.
    pub(super) async fn expect_refusal(&self, server: &TestServer, (status, code): (u16, &str)) {
        self.refuses_with(server, &[], (status, code)).await;
    }

    /// Both are refused like this if these parameters are added.
    pub(super) async fn refuses_with(
        &self,
        server: &TestServer,
        more: &[(&str, &str)],
        expected: (u16, &str),
    ) {
        let one = [&[("InstanceId", self.bad)], more].concat();
        server.expect_code(self.one, &one, expected).await;
        let ids = [("RegionId", REGION), ("InstanceId.1", self.fine), ("InstanceId.2", self.bad)];
        server.expect_code(self.many, &[&ids, more].concat(), expected).await;
        let together = [&ids, more, &[("BatchOptimization", "AllTogether")]].concat();
        server.expect_code(self.many, &together, expected).await;

        let before = server.export_json();
        let alone = [
            &[("RegionId", REGION), ("InstanceId.1", self.bad)],
            more,
            &[("BatchOptimization", "SuccessFirst")],
        ];
        let answer = server.ok(self.many, &alone.concat()).await;
        let response = &answer.json["InstanceResponses"]["InstanceResponse"][0];
        assert_eq!(response["Code"], expected.1);
        assert_eq!(response["PreviousStatus"], response["CurrentStatus"]);
        assert_eq!(server.export_json(), before);
    }

    /// Neither is found.
    pub(super) async fn not_found(&self, server: &TestServer) {
        let one = [("InstanceId", self.bad)];
        server.expect_code(self.one, &one, (404, "InvalidInstanceId.NotFound")).await;
        let many = [("RegionId", REGION), ("InstanceId.1", self.bad)];
        server.expect_code(self.many, &many, (404, "InvalidInstanceIds.NotFound")).await;
    }
}

/// A batch must name a region and one to a hundred instances of it.
pub(super) async fn refuses_malformed(server: &TestServer, action: &str) {
    let names: Vec<String> = (1..=101).map(|n| format!("InstanceId.{n}")).collect();
    let ids: Vec<String> = (1..=101).map(|n| format!("i-{n}")).collect();
    let mut many: Vec<_> =
        names.iter().map(String::as_str).zip(ids.iter().map(String::as_str)).collect();
    many.push(("RegionId", REGION));
    let instance = server.running_instance().await;
    let id = ("InstanceId.1", instance.as_str());
    let rows: &[Refused] = &[
        (&[id], 400, "MissingParameter"),
        (&[("RegionId", REGION)], 403, "InvalidInstanceId.NotFound"),
        (&[("RegionId", "nowhere"), id], 404, "InvalidRegionId.NotFound"),
        (&[("RegionId", "cn-shanghai"), id], 404, "InvalidInstanceIds.NotFound"),
        (&many, 403, "InvalidParameter.TooManyInstanceIds"),
    ];
    for (parameters, status, code) in rows {
        server.expect_code(action, parameters, (*status, code)).await;
    }
}
