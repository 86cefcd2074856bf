//! What a document is, as far as protection is concerned.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::code::codes;

codes! {
    /// The four groups of patient data (CLS-03). Ordered by strictness.
    "category"
    pub enum Category {
        /// Treatment process: appointments, encounters, orders' logistics.
        Activity = "activity",
        /// Who the person is.
        Identity = "identity",
        /// Health status: diagnoses, results, images.
        Health = "health",
        /// Genetic data and samples: the strictest.
        Genetic = "genetic",
    }
}

codes! {
    /// The house grade (CLS-02). Never sets a statutory flag. Ordered by strictness.
    "grade"
    pub enum Grade {
        /// 一般
        General = "general",
        /// 重要
        Important = "important",
        /// 核心
        Core = "core",
    }
}

codes! {
    /// HL7 v3 Confidentiality, ordered.
    "confidentiality"
    pub enum Confidentiality {
        /// Unrestricted.
        Unrestricted = "U",
        /// Low.
        Low = "L",
        /// Moderate.
        Moderate = "M",
        /// Normal.
        Normal = "N",
        /// Restricted.
        Restricted = "R",
        /// Very restricted.
        VeryRestricted = "V",
    }
}

codes! {
    /// HL7 v3 ActCode sensitivity, the classes that policy knows.
    "sensitivity"
    pub enum Sensitivity {
        /// HIV/AIDS.
        Hiv = "HIV",
        /// Sexually transmitted disease.
        Std = "STD",
        /// Mental health.
        Psy = "PSY",
        /// Substance use.
        Eth = "ETH",
        /// Sexual assault, abuse, domestic violence.
        Sdv = "SDV",
        /// Genetic disease.
        Gdis = "GDIS",
        /// Sexuality and reproduction.
        Sex = "SEX",
        /// A label that we do not know: treated as the strictest.
        Unlisted = "UNLISTED",
    }
}

/// The labels of one document, set when it is written and never lowered by a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Labels {
    /// Group of patient data.
    pub category: Category,
    /// House grade.
    pub grade: Grade,
    /// GB/T 39725-2020 level, 1 to 5.
    pub level: u8,
    /// HL7 confidentiality.
    pub confidentiality: Confidentiality,
    /// Sensitive topics.
    pub sensitivity: BTreeSet<Sensitivity>,
    /// Marks that policies read: `imaging`, `withheld`, `portal`; statutory flags are set by people only.
    pub flags: BTreeSet<String>,
}

impl Labels {
    /// The strictest labels there are: for what we cannot read.
    pub fn strictest() -> Self {
        Self {
            category: Category::Genetic,
            grade: Grade::Core,
            level: 5,
            confidentiality: Confidentiality::VeryRestricted,
            sensitivity: BTreeSet::from([Sensitivity::Unlisted]),
            flags: BTreeSet::new(),
        }
    }

    /// Both, at the stricter of each.
    #[must_use]
    pub fn stricter(mut self, other: &Self) -> Self {
        self.category = self.category.max(other.category);
        self.grade = self.grade.max(other.grade);
        self.level = self.level.max(other.level);
        self.confidentiality = self.confidentiality.max(other.confidentiality);
        self.sensitivity.extend(other.sensitivity.iter().copied());
        self.flags.extend(other.flags.iter().cloned());
        self
    }
}
