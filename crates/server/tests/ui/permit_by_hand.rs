//! A permit without policy.
use tacebo_vault::policy::Permit;

fn forge(granted: Permit) -> Permit {
    Permit { until: None, ..granted }
}

fn main() {}
