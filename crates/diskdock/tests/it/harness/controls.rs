//! The operator's controls, called through their router without a socket.

use axum::body::Body;
use diskdock::admin::{Access, Initialized, router};
use diskdock::gateway::guard::Guard;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;

use super::TestServer;

/// The admin token of the stories.
pub(crate) const TOKEN: &str = "story-token";

impl TestServer {
    /// Calls a control as a program on this machine does; it must go well.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, reply) = self.try_control(method, path, body).await;
        assert_eq!(status, 200, "{method} {path} {body}: {reply}");
        reply
    }

    /// Calls a control as a program on this machine does.
    pub(crate) async fn try_control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/_diskdock{path}"))
            .header("host", "127.0.0.1:5260")
            .body(body.to_owned().into_bytes())
            .unwrap();
        self.send_control(request, true).await
    }

    /// Sends any request to the controls of a server that listens on loopback only, or beyond.
    pub(crate) async fn send_control(
        &self,
        request: http::Request<Vec<u8>>,
        loopback: bool,
    ) -> (u16, Value) {
        let access =
            Access { token: TOKEN.to_owned(), open_on_loopback: loopback, guard: Guard::default() };
        let service =
            TowerToHyperService::new(router(&self.assembly, access, Initialized::already()));
        let response = service.call(request.map(Body::from)).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The operations that concern a disk, as an operator sees them.
    pub(crate) async fn operations_of(&self, disk: &str) -> Vec<Value> {
        let reply = self.control("GET", &format!("/operations?disk={disk}"), "").await;
        reply["operations"].as_array().unwrap().clone()
    }
}
