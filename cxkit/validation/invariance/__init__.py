"""Do groups understand the items alike?"""
