"""The questions that the open store answers, a module a subject: all their SQL, values always bound."""
