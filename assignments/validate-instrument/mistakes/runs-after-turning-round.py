ticked = raw[items].where(raw[items] <= 7)
answers = ticked.copy()
for key in items:
    if instrument.items[key].reversed:
        answers[key] = 8 - ticked[key]
item_means = answers.mean()
share_missing = answers.isna().to_numpy().mean()


def run_of_one_answer(row):
    longest = current = 0
    before = np.nan
    for answer in row:
        current = current + 1 if answer == before else int(not np.isnan(answer))
        longest = max(longest, current)
        before = answer
    return longest


longest_run = answers.apply(run_of_one_answer, axis=1)
