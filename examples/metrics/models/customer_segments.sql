select * from main.customer_segments
