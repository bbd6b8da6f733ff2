//! Login profiles and second factors of users, as programs that make and delete users ask for them.

use serde_json::json;

use crate::harness::TestServer;

const ALICE: (&str, &str) = ("UserName", "alice");
const PASSWORD: (&str, &str) = ("Password", "Example-1234");
const NO_PROFILE: (u16, &str) = (404, "EntityNotExist.User.LoginProfile");

#[tokio::test]
async fn login_profile_of_a_user_is_made_shown_and_deleted() {
    let server = TestServer::new().await;
    server.ok("Ram.CreateUser", &[ALICE]).await;
    server.expect_code("Ram.GetLoginProfile", &[ALICE], NO_PROFILE).await;
    server.expect_code("Ram.DeleteLoginProfile", &[ALICE], NO_PROFILE).await;
    let short = [ALICE, ("Password", "seven-7")];
    let weak = (400, "InvalidParameter.Password.TooWeak");
    server.expect_code("Ram.CreateLoginProfile", &short, weak).await;
    let ask = [ALICE, PASSWORD, ("PasswordResetRequired", "true")];
    let made = server.ok("Ram.CreateLoginProfile", &ask).await.json["LoginProfile"].clone();
    let expected = json!({
        "UserName": "alice",
        "CreateDate": made["CreateDate"],
        "PasswordResetRequired": true,
        "MFABindRequired": false,
    });
    assert_eq!(made, expected);
    let shown = server.ok("Ram.GetLoginProfile", &[ALICE]).await.json;
    assert_eq!(shown["LoginProfile"], made);
    let twice = (409, "EntityAlreadyExists.User.LoginProfile");
    server.expect_code("Ram.CreateLoginProfile", &ask, twice).await;
    assert!(!server.export_json().contains(PASSWORD.1));
    let conflict = (409, "DeleteConflict.User.LoginProfile");
    server.expect_code("Ram.DeleteUser", &[ALICE], conflict).await;
    server.ok("Ram.DeleteLoginProfile", &[ALICE]).await;
    server.ok("Ram.DeleteUser", &[ALICE]).await;
}

#[tokio::test]
async fn user_has_no_second_factor() {
    let server = TestServer::new().await;
    server.ok("Ram.CreateUser", &[ALICE]).await;
    for action in ["Ram.GetUserMFAInfo", "Ram.UnbindMFADevice"] {
        let none = (404, "EntityNotExist.User.MFADevice");
        server.expect_code(action, &[ALICE], none).await;
    }
}

#[tokio::test]
async fn actions_on_logins_find_no_user_that_is_not_there() {
    let server = TestServer::new().await;
    let long = "a".repeat(65);
    for action in [
        "Ram.CreateLoginProfile",
        "Ram.GetLoginProfile",
        "Ram.DeleteLoginProfile",
        "Ram.GetUserMFAInfo",
        "Ram.UnbindMFADevice",
    ] {
        for (name, refusal) in [
            ("nobody", (404, "EntityNotExist.User")),
            ("no/body", (400, "InvalidParameter.UserName.InvalidChars")),
            (&*long, (400, "InvalidParameter.UserName.Length")),
        ] {
            let ask: &[_] = if action.contains("Create") {
                &[("UserName", name), PASSWORD]
            } else {
                &[("UserName", name)]
            };
            server.expect_code(action, ask, refusal).await;
        }
    }
}
