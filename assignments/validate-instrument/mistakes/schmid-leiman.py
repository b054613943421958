omega_general = cx.hierarchical_omega(survey).frame["omega_general"].iloc[0]
total_is_justified = "yes" if omega_general >= wanted_omega else "no"
