DROP TABLE kept_replies;
