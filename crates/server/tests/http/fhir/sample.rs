//! The sample hospital goes in by the same door as everybody's data.

use http::Method;
use tacebo_fixtures::{Day, Sample};

use crate::house::{House, JSON};

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_hospital_loads_twice_over_without_doubles() {
    let house = House::new().await;
    let sample = Sample::on(Day::new(2026, 11, 18).unwrap());
    let bundles: Vec<_> = sample.bundles().take(4).collect();
    let mut counts = Vec::new();
    for _ in 0..2 {
        for bundle in &bundles {
            let answer = house.send(&house.his, Method::POST, "/fhir", &[JSON], bundle.to_string().into_bytes()).await;
            let told = answer.is(200).json();
            assert_eq!(told["entry"].as_array().unwrap().len(), bundle["entry"].as_array().unwrap().len());
        }
        let mut total = 0;
        for kind in ["Organization", "Practitioner", "Location"] {
            total += house.get(&house.his, &format!("/fhir/{kind}?_summary=count")).await.is(200).json()["total"]
                .as_u64()
                .unwrap();
        }
        counts.push(total);
    }
    assert!(counts[0] > 0);
    assert_eq!(counts[0], counts[1], "loaded again, everything is found, not made anew");
}
