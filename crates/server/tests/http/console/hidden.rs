//! Nothing that a stranger is answered tells whether a patient exists.

use crate::browser::{Browser, Page};
use crate::house::{House, RESIDENT_ID};

fn bare(page: &Page) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = page
        .headers
        .iter()
        .filter(|(name, _)| !["tacebo-receipt", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (page.status.as_u16(), headers, page.text.clone())
}

async fn answers(browser: &mut Browser) -> Vec<Page> {
    let mut pages = Vec::new();
    for key in ["p1", "10p177", RESIDENT_ID, "none"] {
        pages.push(browser.get(&format!("/patients/{key}")).await);
        pages.push(browser.get(&format!("/patients/find?q={key}")).await);
        pages.push(browser.get(&format!("/patients/{key}/emergency")).await);
        pages.push(browser.post(&format!("/patients/{key}/request-access"), &[("text", "")]).await);
        pages.push(browser.post(&format!("/patients/{key}/request-access"), &[("text", "a consultation")]).await);
    }
    for query in ["%E7%8E%8B%E7%A7%80%E5%85%B0", "wangxiulan", "13800138000"] {
        pages.push(browser.get(&format!("/patients/find?q={query}")).await);
    }
    pages.push(browser.get("/patients").await);
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_the_same_bytes_whether_or_not_the_patient_exists() {
    let there = House::staffed().await;
    there.take_in("p1").await;
    let not = House::staffed().await;
    for login in ["wang.siqi", "xiao.yutong", "dong.haoran"] {
        let (mut one, mut two) = (there.log_in(login).await, not.log_in(login).await);
        let (a, b) = (answers(&mut one).await, answers(&mut two).await);
        for (at, (a, b)) in a.iter().zip(&b).enumerate() {
            // Receipts at the foot name places in the log.
            let line = |page: &Page| {
                let (status, headers, text) = bare(page);
                let text: Vec<String> =
                    text.lines().filter(|line| !line.contains("class=\"receipt\"")).map(str::to_owned).collect();
                (status, headers, text)
            };
            assert_eq!(line(a), line(b), "{login} {at}");
            if a.status == 403 {
                assert!(!a.text.contains("class=\"receipt\""));
                assert_eq!(bare(a), bare(b), "{login} {at}");
            }
        }
        assert_eq!(a[0].status, 403, "{login}");
    }
}
