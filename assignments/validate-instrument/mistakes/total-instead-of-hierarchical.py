omega_general = cx.hierarchical_omega(survey, method="bifactor").frame["omega_total"].iloc[0]
total_is_justified = "yes" if omega_general >= wanted_omega else "no"
