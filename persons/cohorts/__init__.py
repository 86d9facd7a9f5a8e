"""Cohorts: lists of persons, and conditions on persons.

A static cohort has its members as rows. Any other is compiled into the queries that ask for it, so
that its members are always those of now; only their number is kept.
"""
