bifactor = cx.hierarchical_omega(survey, method="bifactor", missing="complete")
omega_general = bifactor.frame["omega_general"].iloc[0]
total_is_justified = "yes" if omega_general >= wanted_omega else "no"
