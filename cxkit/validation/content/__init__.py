"""Do the items cover what they should, in the eyes of experts, raters and coders?"""
